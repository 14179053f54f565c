(module (memory i64 1) (func (param i64) (result i32) (i32.load offset=16 (local.get 0))))
