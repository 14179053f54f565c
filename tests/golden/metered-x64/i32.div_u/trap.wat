(module (func (param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11d, edx
;;      e  mov r9d, ecx
;;     11  mov r10, qword ptr [rdi + 0x38]
;;     15  cmp qword ptr [r10], -1
;;     19  jge 0x3a
;;     1f  mov eax, r11d
;;     22  test r9d, r9d
;;     25  je 0x48
;;     2b  xor edx, edx
;;     2d  div r9d
;;     30  mov r10, qword ptr [rdi + 0x38]
;;     34  add qword ptr [r10], 4
;;     38  leave
;;     39  ret
;;     3a  mov r10, qword ptr [rdi + 0x38]
;;     3e  add qword ptr [r10], 1
;;     42  mov rax, qword ptr [rdi + 0x10]
;;     46  call qword ptr [rax]
;;     48  mov r10, qword ptr [rdi + 0x38]
;;     4c  add qword ptr [r10], 4
;;     50  mov rax, qword ptr [rdi + 0x10]
;;     54  call qword ptr [rax]
