"""Tests of the benchmarks: that each still runs and prints what it promises."""
