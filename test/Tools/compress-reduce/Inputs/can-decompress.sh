#!/bin/sh
# Interesting: a lookup whose tensors are at hand.
compress-opt "$1" --compress-decompress -o /dev/null 2>/dev/null || exit 0
! grep -q compress.lookup "$1"
