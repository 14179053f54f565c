(module (func (param i32) (result i32)
  (block (block (block (br_table 0 1 2 (local.get 0))) (return (i32.const 10))) (return (i32.const 20)))
  (i32.const 30)))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11d, edx
;;      e  mov eax, r11d
;;     11  cmp eax, 2
;;     14  jae 0x3e
;;     1a  lea rsi, [rip + 0x27]
;;     21  movsxd rax, dword ptr [rsi + rax*4]
;;     25  add rsi, rax
;;     28  jmp rsi
;;     2a  mov eax, 0xa
;;     2f  jmp 0x43
;;     34  mov eax, 0x14
;;     39  jmp 0x43
;;     3e  mov eax, 0x1e
;;     43  leave
;;     44  ret
;;     45  nop dword ptr [rax]
;;     48  loop 0x49
