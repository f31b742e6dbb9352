#!/bin/sh
# Interesting, by mlir-reduce's contract: exit code 1.
! grep -q signs.decode "$1"
