"""The report page of a simulation: results as one HTML file to look at. Never a world, a policy or a clock."""
