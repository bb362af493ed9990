"""What programs' backends are answered, and told: codes and phones, subscribe messages, webhooks."""
