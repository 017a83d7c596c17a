# The other guest on the same drive: it asks for nothing but its writes, one after the other, and has to stand behind the barriers of
# its neighbour all the same (--beside).

REPEAT 16
  OUT ${i}*16M 4k
END
