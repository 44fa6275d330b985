# Which slot: the first of BOOT_ORDER that has tries left. Whoever has booted for good sets its tries to 3 again (RAUC).
setenv kernel_at 0x08000000
setenv initrd_at 0x0c000000
setenv tree_at 0x03000000
test -n "${BOOT_ORDER}" || setenv BOOT_ORDER "A B"
test -n "${BOOT_A_LEFT}" || setenv BOOT_A_LEFT 3
test -n "${BOOT_B_LEFT}" || setenv BOOT_B_LEFT 3
setenv slot
for one in ${BOOT_ORDER}; do
  if test -n "${slot}"; then
    true
  elif test "${one}" = "A" -a ${BOOT_A_LEFT} -gt 0; then
    setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1
    setenv slot A
    setenv kernel_on 5
    setenv root_on 06
  elif test "${one}" = "B" -a ${BOOT_B_LEFT} -gt 0; then
    setexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1
    setenv slot B
    setenv kernel_on 7
    setenv root_on 08
  fi
done
if test -z "${slot}"; then
  # nobody has tries left: all from the beginning, for a box that stays dark helps nobody
  setenv BOOT_A_LEFT 3
  setenv BOOT_B_LEFT 3
  saveenv
  reset
fi
saveenv
setenv bootargs "root=PARTUUID=414d5047-${root_on} rootfstype=squashfs ro rootwait quiet loglevel=4 net.ifnames=0 cma=32M spidev.bufsiz=65536 panic=10 rauc.slot=${slot}"
fdt addr ${fdt_addr}
fdt move ${fdt_addr} ${tree_at} 0x20000
load mmc 0:${kernel_on} ${kernel_at} vmlinuz && load mmc 0:${kernel_on} ${initrd_at} initrd && booti ${kernel_at} ${initrd_at}:${filesize} ${tree_at}
reset
