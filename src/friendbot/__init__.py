"""friendbot: from a chat archive to a bot that writes like one friend."""
