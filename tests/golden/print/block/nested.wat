(module (func (result i32) (block $a (result i32) (loop $b (br_if $b (i32.const 0)) (br $a (i32.const 1))) (i32.const 2))))
