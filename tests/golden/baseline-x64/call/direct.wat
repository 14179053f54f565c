(module (func $f (param i32) (result i32) (local.get 0))
  (func (result i32) (i32.add (call $f (i32.const 1)) (call $f (i32.const 2)))))
