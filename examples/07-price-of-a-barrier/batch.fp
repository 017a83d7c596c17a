# What a barrier costs. Four commits: seven journal blocks all over the disk, and a commit record with a barrier. The drive is
# simulated, in simulated time, so the figures are the same everywhere: see how they change with --ordering.

REPEAT 4
  REPEAT 7
    OUT ${i}*64M+${i1}*8M 4k
  END
  OUT 448M+${i}*4k 4k barrier
END
