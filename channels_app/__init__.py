"""What an administrator sets up: channels, their credentials, numbers and sending rate."""
