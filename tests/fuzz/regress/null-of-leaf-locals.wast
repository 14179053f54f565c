;; The null of a function reference is read from the context, which needs its register although no instruction does.
(module
  (func $f (export "f") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (local i64 i64 funcref (ref null 0))
    (local.set 12 (local.get 12))
    (local.set 9 (i64.extend_i32_u (local.get 8)))
    (local.set 10 (i64.mul (local.get 9) (local.get 9)))
    (local.set 9 (i64.or (local.get 10) (local.get 9)))
    (i32.wrap_i64 (local.get 9))
  )
)
(assert_return
  (invoke "f" (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6) (i32.const 7)
    (i32.const 8) (i32.const 9))
  (i32.const 89))
