"""Every public operation that sends requests × every fault that the sandbox can inject."""
