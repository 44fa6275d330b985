"""The record lane and the event lane: what the journal holds, in order, until the other side has it."""
