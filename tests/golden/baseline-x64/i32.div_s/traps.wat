(module (func (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11d, edx
;;      e  mov r10d, ecx
;;     11  mov eax, r11d
;;     14  test r10d, r10d
;;     17  je 0x3a
;;     1d  cmp r10d, -1
;;     21  jne 0x34
;;     27  neg eax
;;     29  jo 0x40
;;     2f  jmp 0x38
;;     34  cdq
;;     35  idiv r10d
;;     38  leave
;;     39  ret
;;     3a  mov rax, qword ptr [rdi + 0x10]
;;     3e  call qword ptr [rax]
;;     40  mov rax, qword ptr [rdi + 0x10]
;;     44  call qword ptr [rax]
