(module $m (import "env" "f" (func $f (param $x i32))) (memory $mem 1 2) (global $g (mut i64) (i64.const -1))
  (func $main (export "main") (param $a i32) (local $b f64) (call $f (local.get $a)) (local.set $b (f64.const 0x1.8p+3))))

;; (module $m
;;   (type (;0;) (func (param i32)))
;;   (import "env" "f" (func $f (type 0) (param i32)))
;;   (memory $mem 1 2)
;;   (global $g (mut i64) i64.const -1)
;;   (export "main" (func $main))
;;   (func $main (type 0) (param $a i32)
;;     (local $b f64)
;;     local.get $a
;;     call $f
;;     f64.const 12.0
;;     local.set $b
;;   )
;; )
