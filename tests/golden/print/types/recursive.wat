(module (rec (type $a (sub (struct (field $x (mut i32)) (field (ref null $b))))) (type $b (sub final $a (struct (field (mut i32)) (field (ref null $b)) (field f32))))))

;; (module
;;   (rec
;;     (type $a (sub (struct (field $x (mut i32)) (field (ref null $b)))))
;;     (type $b (sub final $a (struct (field (mut i32)) (field (ref null $b)) (field f32))))
;;   )
;; )
