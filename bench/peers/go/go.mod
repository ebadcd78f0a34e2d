module flexilib.bench/peer

go 1.23
