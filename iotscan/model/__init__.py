"""What things are: scope, devices, facts, observations, results, grades, runs. Imports nothing of ours."""
