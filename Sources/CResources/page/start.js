// Everything is defined; begin.

load();
