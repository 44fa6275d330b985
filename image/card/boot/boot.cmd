# Which slot: the first of BOOT_ORDER that has tries left. Whoever has booted for good sets its tries to 3 again (RAUC).
# These words have a file of their own on the boot partition, so that nothing else of U-Boot's environment is taken from there.
# A Pi's memory begins at 0; that of QEMU's machine, which boots the same card as a virtio disk, at 1 GB.
test -n "${devtype}" || setenv devtype mmc
test -n "${devnum}" || setenv devnum 0
setenv ram 0
if test "${devtype}" = "virtio"; then setenv ram 0x40000000; fi
setexpr tree_at ${ram} + 0x03000000
setexpr words_at ${ram} + 0x03800000
setexpr kernel_at ${ram} + 0x08000000
setexpr initrd_at ${ram} + 0x0c000000
setenv BOOT_ORDER
setenv BOOT_A_LEFT
setenv BOOT_B_LEFT
load ${devtype} ${devnum}:1 ${words_at} slots.env && env import -c ${words_at} ${filesize} BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT
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
  env export -c -s 0x4000 ${words_at} BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT
  fatwrite ${devtype} ${devnum}:1 ${words_at} slots.env 0x4000
  reset
fi
env export -c -s 0x4000 ${words_at} BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT
fatwrite ${devtype} ${devnum}:1 ${words_at} slots.env 0x4000
setenv bootargs "root=PARTUUID=414d5047-${root_on} rootfstype=squashfs ro rootwait quiet loglevel=4 net.ifnames=0 cma=32M spidev.bufsiz=65536 panic=10 rauc.slot=${slot}"
fdt addr ${fdt_addr}
fdt move ${fdt_addr} ${tree_at} 0x100000
load ${devtype} ${devnum}:${kernel_on} ${kernel_at} vmlinuz && load ${devtype} ${devnum}:${kernel_on} ${initrd_at} initrd && booti ${kernel_at} ${initrd_at}:${filesize} ${tree_at}
reset
