(module (func (param i32) (result i32) (i32.rem_u (local.get 0) (i32.const 8))))
