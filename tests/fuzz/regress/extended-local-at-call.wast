;; A dead i32 local in a register that calls change, whose last reader waits on the operand stack as an i64.
(module
  (table 5 6 funcref)
  (global $g (mut i64) (i64.const 1))
  (func $f (export "f") (param externref f32) (result i64)
    (local i64 i32 funcref i32 f32 i32 i32)
    (block
      (if (local.get 3) (then (unreachable)))
      (i64.extend_i32_u (local.get 5))
      (table.fill (i32.const 1) (ref.func $f) (i32.const 1))
      (local.get 2)
      (drop (local.tee 2 (i64.const 1)))
      (local.get 3)
      (block (param i64 i32)
        (if (result i64) (local.get 3) (then (unreachable)) (else (local.get 2)))
        (drop) (drop) (drop))
      (global.set $g))
    (global.get $g)))
(assert_return (invoke "f" (ref.extern 1) (f32.const 1)) (i64.const 0))
