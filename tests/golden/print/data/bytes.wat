(module (memory 1) (data (i32.const 4) "a\00\ff\22\\ \u{1f40d}") (data $p "passive"))

;; (module
;;   (memory (;0;) 1)
;;   (data (;0;) (i32.const 4) "a\00\ff\"\\ \f0\9f\90\8d")
;;   (data $p "passive")
;; )
