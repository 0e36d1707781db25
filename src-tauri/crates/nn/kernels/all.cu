// Every kernel, in one file for the card.

#include "attention.cuh"
#include "norms.cuh"
#include "pixels.cuh"
#include "rounding.cuh"
#include "unpack.cuh"
