"""What a volunteer must know before the first call: briefings, knowledge tests, the gate, and a senior beside them."""
