"""What a marketer writes and the engine obeys: campaigns and their calendar. Never a customer, never a clock."""
