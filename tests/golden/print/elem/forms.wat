(module (table 4 funcref) (func $f) (elem (i32.const 0) $f $f) (elem $d declare func $f) (elem $e externref (ref.null extern)))

;; (module
;;   (type (;0;) (func))
;;   (table (;0;) 4 funcref)
;;   (elem (;0;) (i32.const 0) func $f $f)
;;   (elem $d declare func $f)
;;   (elem $e externref (ref.null extern))
;;   (func $f (type 0)
;;   )
;; )
