(module (func (drop)))

;; InvalidError: type mismatch: drop expects an operand, found nothing (function 0, offset 0x17)
