"""What keeps this machine from hearing or being heard: facts gathered here, judged by pure functions, told once."""
