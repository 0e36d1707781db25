// Every kernel, in one file for the card.

#include "attention.cuh"
#include "bytes.cuh"
#include "group_attention.cuh"
#include "norms.cuh"
#include "pixels.cuh"
