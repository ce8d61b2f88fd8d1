"""The gateway to language models: who answers, at what price, and what is remembered."""
