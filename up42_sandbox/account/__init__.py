"""Whose sandbox it is: tokens, user, balance, EULAs."""
