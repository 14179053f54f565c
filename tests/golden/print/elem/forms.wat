(module (table 4 funcref) (func $f) (elem (i32.const 0) $f $f) (elem $d declare func $f) (elem $e externref (ref.null extern)))
