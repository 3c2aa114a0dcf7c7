module soroi

go 1.26
