# Three writes complete, one FLUSH in the middle: what comes after the last FLUSH is lost in a power cut, and so is a write
# that was still in flight when the FLUSH was submitted (run it at --depth 4 and see #2 go).

OUT 0 4k pattern=0x11
OUT 1M 1M pattern=0x22
FLUSH
OUT 8k 4k pattern=0x33

# Reads find all of it: being readable and being safe are two different things.
WAIT
IN 0 4k verify=0x11
IN 1M 1M verify=0x22
IN 8k 4k verify=0x33
