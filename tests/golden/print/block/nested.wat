(module (func (result i32) (block $a (result i32) (loop $b (br_if $b (i32.const 0)) (br $a (i32.const 1))) (i32.const 2))))

;; (module
;;   (type (;0;) (func (result i32)))
;;   (func (;0;) (type 0) (result i32)
;;     block $a (result i32)
;;       loop $b
;;         i32.const 0
;;         br_if 0
;;         i32.const 1
;;         br 1
;;       end
;;       i32.const 2
;;     end
;;   )
;; )
