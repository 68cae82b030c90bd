"""The local server: a page to chat on, and an endpoint that speaks OpenAI's protocol; for this machine only."""
