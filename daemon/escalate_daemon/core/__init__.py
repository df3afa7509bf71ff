"""The rules of a space, as pure state machines: no clock, socket, file, chance, log or await in here."""
