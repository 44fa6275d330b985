// SPDX-License-Identifier: Apache-2.0
/*
 * A simulated board behind the device files of a Raspberry Pi.
 *
 * Preloaded into a process (LD_PRELOAD), this library answers for /dev/spidev*, /dev/i2c-* and /dev/gpiochip* with the
 * board that listens at AMPGUARD_WIRE_SOCKET, so that unmodified libraries (spidev, smbus2, libgpiod, lgpio) run where
 * there is no such hardware. Files below AMPGUARD_WIRE_ROOT stand in front of those with the same path in /proc and
 * /sys, and say which device files there are: a device exists if it has a placeholder below AMPGUARD_WIRE_ROOT/dev.
 *
 * The protocol is that of ampguard_drivers/simulated/protocol.py: one packet asks, one packet answers. An emulated
 * descriptor is the connected socket itself, or, for requested GPIO lines, the stream of their edge events, so that
 * close, poll, select and epoll need no help.
 *
 * What this does not do, because nothing here needs it:
 *  - descriptors over MOST_DESCRIPTORS, and those passed to other processes: they are plain sockets there;
 *  - devices across fork: the child's copies are plain sockets (the parent's stay what they are); a child of vfork, that
 *    shares its parent's memory, must not close them but leave that to exec;
 *  - close_range and closefrom on emulated descriptors: lines are then freed when the server sees the end of their
 *    socket, a moment later than by close;
 *  - readv, pread, preadv, statx, fstat, fstatat, readlink, and listing /dev;
 *  - programs that do not call the C library: static ones, Go, and those that run set-user-ID;
 *  - 32-bit programs, whose structures differ (see the assertions).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/gpio.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <linux/spi/spidev.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

_Static_assert(sizeof(long) == 8, "I2C_FUNCS and arguments by value are taken for 8 bytes");
_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "stat and stat64 are taken for the same");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the protocol is little-endian");

#define MOST_DESCRIPTORS 4096
#define MOST_SEGMENTS 511 /* as many as fit in the size field of SPI_IOC_MESSAGE */
#define MOST_I2C_MESSAGES 42 /* I2C_RDWR_IOCTL_MAX_MSGS of the kernel */
#define LONGEST_PAYLOAD (1 << 16)
#define PATIENCE_S 5

/* ---------------------------------------------------------------- the protocol */

enum operation {
	OPEN = 1,
	SPI_MESSAGE,
	I2C_TRANSFER,
	SMBUS_TRANSFER,
	READ,
	WRITE,
	IOCTL,
	CLOSE,
};

enum segment_flag {
	SENDS = 1,
	RECEIVES = 2,
	RELEASES_CHIP_SELECT = 4,
};

struct question {
	uint32_t operation;
	uint32_t argument;
	uint64_t code;
};

struct answer {
	int32_t result;
	int32_t error;
};

struct segment {
	uint32_t length;
	uint32_t speed_hz;
	uint16_t delay;
	uint8_t bits_per_word;
	uint8_t flags;
};

struct i2c_part {
	uint16_t address;
	uint16_t flags;
	uint16_t length;
};

struct smbus_command {
	uint32_t size;
	uint8_t command;
	uint8_t read_write;
	uint8_t data[I2C_SMBUS_BLOCK_MAX + 2];
};

_Static_assert(sizeof(struct question) == 16, "protocol.REQUEST");
_Static_assert(sizeof(struct answer) == 8, "protocol.REPLY");
_Static_assert(sizeof(struct segment) == 12, "protocol.SEGMENT");
_Static_assert(sizeof(struct i2c_part) == 6, "protocol.I2C_MESSAGE");
_Static_assert(sizeof(struct smbus_command) == 40, "protocol.SMBUS");

/* ---------------------------------------------------------------- the C library behind us */

/* Declares next_NAME, the function that this library's NAME stands before. Looking it up twice does no harm. */
#define NEXT(result, name, ...)                                      \
	static result (*next_##name)(__VA_ARGS__);                   \
	if (!next_##name)                                            \
	*(void **)&next_##name = dlsym(RTLD_NEXT, #name)

static int plain_close(int fd)
{
	NEXT(int, close, int);
	return next_close(fd);
}

/* ---------------------------------------------------------------- which descriptors are ours */

enum kind { NONE, SPI, I2C, CHIP, LINES };

struct device {
	enum kind kind;
	int control; /* for LINES: the socket that speaks for them; the descriptor itself is the stream of events */
	unsigned int slots; /* descriptors that mean this device */
	unsigned int users; /* slots, and calls under way */
	bool lost; /* an answer is missing: whatever comes next would be taken for it */
	pthread_mutex_t conversation;
};

static struct device *devices[MOST_DESCRIPTORS];
static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;

static void forget_all_after_fork(void)
{
	memset(devices, 0, sizeof(devices));
	pthread_mutex_init(&table, NULL);
}

__attribute__((constructor)) static void start(void)
{
	pthread_atfork(NULL, NULL, forget_all_after_fork);
}

/* The device behind a descriptor, to be given back with put; NULL for all that is not ours. */
static struct device *get(int fd)
{
	struct device *device;

	if (fd < 0 || fd >= MOST_DESCRIPTORS || !__atomic_load_n(&devices[fd], __ATOMIC_ACQUIRE))
		return NULL;
	pthread_mutex_lock(&table);
	device = devices[fd];
	if (device)
		device->users++;
	pthread_mutex_unlock(&table);
	return device;
}

static void put(struct device *device)
{
	bool last;

	pthread_mutex_lock(&table);
	last = --device->users == 0;
	pthread_mutex_unlock(&table);
	if (!last)
		return;
	if (device->control >= 0)
		plain_close(device->control);
	pthread_mutex_destroy(&device->conversation);
	free(device);
}

/* Let a descriptor mean a device (one more, when it is a duplicate). */
static void place(int fd, struct device *device)
{
	pthread_mutex_lock(&table);
	device->slots++;
	device->users++;
	__atomic_store_n(&devices[fd], device, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&table);
}

static struct device *new_device(enum kind kind, int control)
{
	struct device *device = calloc(1, sizeof(*device));

	if (!device)
		return NULL;
	device->kind = kind;
	device->control = control;
	pthread_mutex_init(&device->conversation, NULL);
	return device;
}

/* ---------------------------------------------------------------- asking the board */

/* Send one packet and await the answer. Fills in up to two descriptors if there is room for them.
 * Returns the emulated call's result, or -1 with errno. A board that is lost is ENODEV, like a device pulled out.
 */
static int ask(struct device *device, int fd, struct iovec *question, int questions, struct iovec *payload, int payloads,
	       int descriptors[2])
{
	char control[CMSG_SPACE(2 * sizeof(int))];
	struct answer answer = { 0, 0 };
	struct iovec whole[MOST_SEGMENTS + 1];
	struct msghdr asked = { .msg_iov = question, .msg_iovlen = (size_t)questions };
	struct msghdr answered = { .msg_iov = whole, .msg_iovlen = (size_t)payloads + 1 };
	int via = device->kind == LINES ? device->control : fd;
	struct cmsghdr *rights;
	ssize_t length = -1;

	whole[0] = (struct iovec){ &answer, sizeof(answer) };
	if (payloads)
		memcpy(whole + 1, payload, (size_t)payloads * sizeof(*payload));
	if (descriptors) {
		answered.msg_control = control;
		answered.msg_controllen = sizeof(control);
	}
	pthread_mutex_lock(&device->conversation);
	if (!device->lost) {
		do
			length = sendmsg(via, &asked, MSG_NOSIGNAL);
		while (length < 0 && errno == EINTR);
		if (length < 0 && (errno == EFAULT || errno == EMSGSIZE || errno == ENOMEM || errno == ENOBUFS)) {
			pthread_mutex_unlock(&device->conversation);
			return -1; /* nothing was asked */
		}
		if (length >= 0)
			do
				length = recvmsg(via, &answered, MSG_CMSG_CLOEXEC);
			while (length < 0 && errno == EINTR);
		device->lost = length < (ssize_t)sizeof(answer);
	}
	pthread_mutex_unlock(&device->conversation);
	if (length < (ssize_t)sizeof(answer)) {
		errno = ENODEV;
		return -1;
	}
	if (answer.error) {
		errno = answer.error;
		return -1;
	}
	if (descriptors) {
		rights = CMSG_FIRSTHDR(&answered);
		if (!rights || rights->cmsg_len != CMSG_LEN(2 * sizeof(int))) {
			errno = ENODEV;
			return -1;
		}
		memcpy(descriptors, CMSG_DATA(rights), 2 * sizeof(int));
	}
	return answer.result;
}

/* The common case: one payload each way. */
static int ask_simply(struct device *device, int fd, struct question question, const void *sent, size_t sent_length,
		      void *received, size_t received_length)
{
	struct iovec out[2] = { { &question, sizeof(question) }, { (void *)(uintptr_t)sent, sent_length } };
	struct iovec in = { received, received_length };

	return ask(device, fd, out, sent_length ? 2 : 1, &in, received_length ? 1 : 0, NULL);
}

/* ---------------------------------------------------------------- paths */

static enum kind kind_of(const char *path)
{
	unsigned int first, second;
	char rest;

	if (!path || strncmp(path, "/dev/", 5))
		return NONE;
	if (sscanf(path, "/dev/spidev%u.%u%c", &first, &second, &rest) == 2)
		return SPI;
	if (sscanf(path, "/dev/i2c-%u%c", &first, &rest) == 1)
		return I2C;
	if (sscanf(path, "/dev/gpiochip%u%c", &first, &rest) == 1)
		return CHIP;
	return NONE;
}

/* The file that stands before this path, or the path itself. Keeps errno. */
static const char *overlaid(const char *path, char buffer[PATH_MAX])
{
	const char *root = getenv("AMPGUARD_WIRE_ROOT");
	int before = errno, found;

	if (!root || !path || (strncmp(path, "/proc/", 6) && strncmp(path, "/sys/", 5) && kind_of(path) == NONE))
		return path;
	if (snprintf(buffer, PATH_MAX, "%s%s", root, path) >= PATH_MAX)
		return path;
	NEXT(int, access, const char *, int);
	found = !next_access(buffer, F_OK);
	errno = before;
	return found ? buffer : path;
}

/* Whether a device file exists; those that have no placeholder must not be looked for on the real machine. */
static bool exists(const char *path)
{
	char buffer[PATH_MAX];

	return overlaid(path, buffer) == buffer;
}

static int open_device(const char *path, enum kind kind)
{
	const char *socket_path = getenv("AMPGUARD_WIRE_SOCKET");
	struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct device *device;
	int fd, error;

	if (!exists(path) || !socket_path || strlen(socket_path) >= sizeof(address.sun_path)) {
		errno = ENOENT;
		return -1;
	}
	strcpy(address.sun_path, socket_path);
	/* Always close-on-exec: what a program inherits over exec is unknown to the library loaded there. */
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (fd >= MOST_DESCRIPTORS) {
		error = EMFILE;
		goto closed;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		error = ENODEV;
		goto closed;
	}
	device = new_device(kind, -1);
	if (!device) {
		error = ENOMEM;
		goto closed;
	}
	place(fd, device);
	if (ask_simply(device, fd, (struct question){ .operation = OPEN }, path, strlen(path), NULL, 0) < 0) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
closed:
	plain_close(fd);
	errno = error;
	return -1;
}

#define OPEN_FUNCTION(name, PARAMETERS, TYPES, CALL)                 \
	int name PARAMETERS                                          \
	{                                                            \
		char buffer[PATH_MAX];                               \
		enum kind kind = kind_of(path);                      \
		mode_t mode = 0;                                     \
		va_list arguments;                                   \
		NEXT(int, name, TYPES);                              \
		if (flags & (O_CREAT | __O_TMPFILE)) {               \
			va_start(arguments, flags);                  \
			mode = va_arg(arguments, mode_t);            \
			va_end(arguments);                           \
		}                                                    \
		if (kind != NONE)                                    \
			return open_device(path, kind);              \
		path = overlaid(path, buffer);                       \
		return next_##name CALL;                             \
	}

#define PLAIN_TYPES const char *, int, ...
#define AT_TYPES int, const char *, int, ...
OPEN_FUNCTION(open, (const char *path, int flags, ...), PLAIN_TYPES, (path, flags, mode))
OPEN_FUNCTION(open64, (const char *path, int flags, ...), PLAIN_TYPES, (path, flags, mode))
OPEN_FUNCTION(openat, (int directory, const char *path, int flags, ...), AT_TYPES, (directory, path, flags, mode))
OPEN_FUNCTION(openat64, (int directory, const char *path, int flags, ...), AT_TYPES, (directory, path, flags, mode))

/* What programs built with _FORTIFY_SOURCE call instead; they never create files. */
int __open_2(const char *path, int flags)
{
	return open(path, flags);
}

int __open64_2(const char *path, int flags)
{
	return open64(path, flags);
}

int __openat_2(int directory, const char *path, int flags)
{
	return openat(directory, path, flags);
}

int __openat64_2(int directory, const char *path, int flags)
{
	return openat64(directory, path, flags);
}

FILE *fopen(const char *path, const char *mode)
{
	char buffer[PATH_MAX];
	NEXT(FILE *, fopen, const char *, const char *);
	return next_fopen(overlaid(path, buffer), mode);
}

FILE *fopen64(const char *path, const char *mode)
{
	char buffer[PATH_MAX];
	NEXT(FILE *, fopen64, const char *, const char *);
	return next_fopen64(overlaid(path, buffer), mode);
}

DIR *opendir(const char *path)
{
	char buffer[PATH_MAX];
	NEXT(DIR *, opendir, const char *);
	return next_opendir(overlaid(path, buffer));
}

int access(const char *path, int mode)
{
	char buffer[PATH_MAX];
	NEXT(int, access, const char *, int);
	if (kind_of(path) != NONE) {
		if (exists(path))
			return 0;
		errno = ENOENT;
		return -1;
	}
	return next_access(overlaid(path, buffer), mode);
}

/* Fill in what stat says of a device file. 1 = the path is none of ours. */
static int stat_device(const char *path, struct stat *status)
{
	static const unsigned int majors[] = { [SPI] = 153, [I2C] = 89, [CHIP] = 254 };
	enum kind kind = kind_of(path);

	if (kind == NONE)
		return 1;
	if (!exists(path)) {
		errno = ENOENT;
		return -1;
	}
	memset(status, 0, sizeof(*status));
	status->st_mode = S_IFCHR | 0660;
	status->st_nlink = 1;
	status->st_rdev = makedev(majors[kind], strtoul(path + strcspn(path, "0123456789"), NULL, 10));
	return 0;
}

#define STAT_FUNCTION(name, type)                                    \
	int name(const char *path, struct type *status)              \
	{                                                            \
		char buffer[PATH_MAX];                               \
		int found = stat_device(path, (struct stat *)status);\
		NEXT(int, name, const char *, struct type *);        \
		return found <= 0 ? found : next_##name(overlaid(path, buffer), status); \
	}
STAT_FUNCTION(stat, stat)
STAT_FUNCTION(lstat, stat)
STAT_FUNCTION(stat64, stat64)
STAT_FUNCTION(lstat64, stat64)

/* What programs built against a C library before 2.33 call instead, such as wheels from PyPI. */
#define OLD_STAT_FUNCTION(name, type)                                \
	int name(int version, const char *path, struct type *status);\
	int name(int version, const char *path, struct type *status) \
	{                                                            \
		char buffer[PATH_MAX];                               \
		int found = stat_device(path, (struct stat *)status);\
		NEXT(int, name, int, const char *, struct type *);   \
		return found <= 0 ? found : next_##name(version, overlaid(path, buffer), status); \
	}
OLD_STAT_FUNCTION(__xstat, stat)
OLD_STAT_FUNCTION(__lxstat, stat)
OLD_STAT_FUNCTION(__xstat64, stat64)
OLD_STAT_FUNCTION(__lxstat64, stat64)

/* Inside the overlay links are followed (libgpiod asks /sys/dev/char/254:0/subsystem), and the answer is a path as the
 * program knows it. AMPGUARD_WIRE_ROOT is canonical, so that its length is what has to go.
 */
char *realpath(const char *path, char *resolved)
{
	const char *root = getenv("AMPGUARD_WIRE_ROOT");
	char buffer[PATH_MAX];
	char *found;
	NEXT(char *, realpath, const char *, char *);

	if (kind_of(path) != NONE && exists(path))
		return resolved ? strcpy(resolved, path) : strdup(path);
	path = overlaid(path, buffer);
	found = next_realpath(path, resolved);
	if (found && path == buffer && !strncmp(found, root, strlen(root)))
		memmove(found, found + strlen(root), strlen(found) - strlen(root) + 1);
	return found;
}

/* ---------------------------------------------------------------- descriptors */

/* A descriptor ceases to mean its device. Lines are free when this returns: a program may ask for them again at once. */
static void forget(int fd)
{
	struct device *device = get(fd);
	bool last;

	if (!device)
		return;
	pthread_mutex_lock(&table);
	last = devices[fd] == device && --device->slots == 0;
	if (devices[fd] == device) {
		__atomic_store_n(&devices[fd], NULL, __ATOMIC_RELEASE);
		device->users--;
	}
	pthread_mutex_unlock(&table);
	if (last && device->kind == LINES)
		ask_simply(device, fd, (struct question){ .operation = CLOSE }, NULL, 0, NULL, 0);
	put(device);
}

int close(int fd)
{
	forget(fd);
	return plain_close(fd);
}

/* A duplicate means the same device. */
static int duplicated(int fd, int duplicate)
{
	struct device *device = get(fd);

	if (!device)
		return duplicate;
	if (duplicate >= 0 && duplicate < MOST_DESCRIPTORS)
		place(duplicate, device);
	put(device);
	return duplicate;
}

int dup(int fd)
{
	NEXT(int, dup, int);
	return duplicated(fd, next_dup(fd));
}

int dup2(int fd, int wanted)
{
	NEXT(int, dup2, int, int);
	if (fd == wanted)
		return next_dup2(fd, wanted);
	forget(wanted);
	return duplicated(fd, next_dup2(fd, wanted));
}

int dup3(int fd, int wanted, int flags)
{
	NEXT(int, dup3, int, int, int);
	if (fd == wanted)
		return next_dup3(fd, wanted, flags);
	forget(wanted);
	return duplicated(fd, next_dup3(fd, wanted, flags));
}

#define FCNTL_FUNCTION(name)                                         \
	int name(int fd, int command, ...)                           \
	{                                                            \
		va_list arguments;                                   \
		void *argument;                                      \
		int result;                                          \
		NEXT(int, name, int, int, ...);                      \
		va_start(arguments, command);                        \
		argument = va_arg(arguments, void *);                \
		va_end(arguments);                                   \
		result = next_##name(fd, command, argument);         \
		if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)\
			return duplicated(fd, result);               \
		return result;                                       \
	}
FCNTL_FUNCTION(fcntl)
FCNTL_FUNCTION(fcntl64)

/* Edge events are read from their stream; only SPI and I2C have reads and writes that ask the board. */
static bool transfers(const struct device *device)
{
	return device->kind == SPI || device->kind == I2C;
}

ssize_t read(int fd, void *buffer, size_t length)
{
	struct question question = { .operation = READ, .argument = (uint32_t)length };
	struct device *device = get(fd);
	ssize_t result;
	NEXT(ssize_t, read, int, void *, size_t);

	if (!device)
		return next_read(fd, buffer, length);
	if (!transfers(device)) {
		put(device); /* reading blocks, and close must not wait for it */
		return next_read(fd, buffer, length);
	}
	if (length > LONGEST_PAYLOAD) {
		errno = EMSGSIZE;
		result = -1;
	} else {
		result = ask_simply(device, fd, question, NULL, 0, buffer, length);
	}
	put(device);
	return result;
}

/* What programs built with _FORTIFY_SOURCE call instead. */
ssize_t __read_chk(int fd, void *buffer, size_t length, size_t room);
ssize_t __read_chk(int fd, void *buffer, size_t length, size_t room)
{
	if (length > room)
		abort();
	return read(fd, buffer, length);
}

ssize_t write(int fd, const void *buffer, size_t length)
{
	struct device *device = get(fd);
	ssize_t result;
	NEXT(ssize_t, write, int, const void *, size_t);

	if (!device)
		return next_write(fd, buffer, length);
	if (!transfers(device)) {
		errno = EINVAL; /* as for a GPIO chip; its socket must not be written to */
		result = -1;
	} else if (length > LONGEST_PAYLOAD) {
		errno = EMSGSIZE;
		result = -1;
	} else {
		result = ask_simply(device, fd, (struct question){ .operation = WRITE }, buffer, length, NULL, 0);
	}
	put(device);
	return result;
}

/* ---------------------------------------------------------------- ioctl */

static int spi_message(struct device *device, int fd, const struct spi_ioc_transfer *transfers, unsigned int count)
{
	struct question question = { .operation = SPI_MESSAGE, .argument = count };
	struct segment segments[MOST_SEGMENTS];
	struct iovec out[MOST_SEGMENTS + 2], in[MOST_SEGMENTS];
	uint64_t sent = 0, received = 0;
	int outs = 0, ins = 0;

	if (!count)
		return 0;
	out[outs++] = (struct iovec){ &question, sizeof(question) };
	out[outs++] = (struct iovec){ segments, count * sizeof(*segments) };
	for (unsigned int i = 0; i < count; i++) {
		const struct spi_ioc_transfer *transfer = &transfers[i];

		segments[i] = (struct segment){
			.length = transfer->len,
			.speed_hz = transfer->speed_hz,
			.delay = transfer->delay_usecs,
			.bits_per_word = transfer->bits_per_word,
			.flags = (uint8_t)((transfer->tx_buf ? SENDS : 0) | (transfer->rx_buf ? RECEIVES : 0) |
					   (transfer->cs_change ? RELEASES_CHIP_SELECT : 0)),
		};
		if (transfer->tx_buf) {
			out[outs++] = (struct iovec){ (void *)(uintptr_t)transfer->tx_buf, transfer->len };
			sent += transfer->len;
		}
		if (transfer->rx_buf) {
			in[ins++] = (struct iovec){ (void *)(uintptr_t)transfer->rx_buf, transfer->len };
			received += transfer->len;
		}
	}
	if (sent > LONGEST_PAYLOAD || received > LONGEST_PAYLOAD) {
		errno = EMSGSIZE;
		return -1;
	}
	return ask(device, fd, out, outs, in, ins, NULL);
}

static int i2c_transfer(struct device *device, int fd, const struct i2c_rdwr_ioctl_data *data)
{
	struct question question = { .operation = I2C_TRANSFER, .argument = data->nmsgs };
	struct i2c_part parts[MOST_I2C_MESSAGES];
	struct iovec out[MOST_I2C_MESSAGES + 2], in[MOST_I2C_MESSAGES];
	int outs = 0, ins = 0;

	if (data->nmsgs > MOST_I2C_MESSAGES) {
		errno = EINVAL;
		return -1;
	}
	out[outs++] = (struct iovec){ &question, sizeof(question) };
	out[outs++] = (struct iovec){ parts, data->nmsgs * sizeof(*parts) };
	for (unsigned int i = 0; i < data->nmsgs; i++) {
		const struct i2c_msg *message = &data->msgs[i];
		struct iovec bytes = { message->buf, message->len };

		parts[i] = (struct i2c_part){ message->addr, message->flags, message->len };
		if (message->flags & I2C_M_RD)
			in[ins++] = bytes;
		else
			out[outs++] = bytes;
	}
	return ask(device, fd, out, outs, in, ins, NULL);
}

static int smbus_transfer(struct device *device, int fd, const struct i2c_smbus_ioctl_data *data)
{
	/* How much of the union each kind of command uses; programs may hold no more than that. */
	static const size_t used[] = {
		[I2C_SMBUS_QUICK] = 0,		 [I2C_SMBUS_BYTE] = 1,
		[I2C_SMBUS_BYTE_DATA] = 1,	 [I2C_SMBUS_WORD_DATA] = 2,
		[I2C_SMBUS_PROC_CALL] = 2,	 [I2C_SMBUS_BLOCK_DATA] = I2C_SMBUS_BLOCK_MAX + 2,
		[I2C_SMBUS_I2C_BLOCK_BROKEN] = I2C_SMBUS_BLOCK_MAX + 2,
		[I2C_SMBUS_BLOCK_PROC_CALL] = I2C_SMBUS_BLOCK_MAX + 2,
		[I2C_SMBUS_I2C_BLOCK_DATA] = I2C_SMBUS_BLOCK_MAX + 2,
	};
	struct smbus_command command = {
		.size = data->size,
		.command = data->command,
		.read_write = data->read_write,
	};
	struct question question = { .operation = SMBUS_TRANSFER };
	uint8_t received[sizeof(command.data)] = { 0 };
	size_t length;
	int result;

	if (data->size >= sizeof(used) / sizeof(*used)) {
		errno = EINVAL;
		return -1;
	}
	length = data->data ? used[data->size] : 0;
	if (length)
		memcpy(command.data, data->data, length);
	result = ask_simply(device, fd, question, &command, sizeof(command), received, sizeof(received));
	if (result >= 0 && length && data->read_write == I2C_SMBUS_READ)
		memcpy(data->data, received, length);
	return result;
}

static int request_lines(struct device *device, int fd, struct gpio_v2_line_request *request)
{
	struct question question = { .operation = IOCTL, .code = GPIO_V2_GET_LINE_IOCTL };
	struct iovec out[2] = { { &question, sizeof(question) }, { request, sizeof(*request) } };
	struct timeval patience = { .tv_sec = PATIENCE_S };
	struct iovec in = { request, sizeof(*request) };
	struct device *lines;
	int descriptors[2];
	int result = ask(device, fd, out, 2, &in, 1, descriptors);

	if (result < 0)
		return result;
	lines = descriptors[0] < MOST_DESCRIPTORS ? new_device(LINES, descriptors[1]) : NULL;
	if (!lines) {
		plain_close(descriptors[0]);
		plain_close(descriptors[1]);
		errno = ENOMEM;
		return -1;
	}
	setsockopt(descriptors[1], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	place(descriptors[0], lines);
	request->fd = descriptors[0];
	return result;
}

static int device_ioctl(struct device *device, int fd, unsigned long code, void *argument)
{
	struct question question = { .operation = IOCTL, .code = code };
	uint64_t value = (uintptr_t)argument;
	size_t size = _IOC_SIZE(code);

	if (device->kind == SPI && _IOC_TYPE(code) == SPI_IOC_MAGIC && _IOC_NR(code) == 0) {
		if (size % sizeof(struct spi_ioc_transfer)) {
			errno = EINVAL;
			return -1;
		}
		return spi_message(device, fd, argument, size / sizeof(struct spi_ioc_transfer));
	}
	if (device->kind == I2C && code == I2C_RDWR)
		return i2c_transfer(device, fd, argument);
	if (device->kind == I2C && code == I2C_SMBUS)
		return smbus_transfer(device, fd, argument);
	if (device->kind == I2C && code == I2C_FUNCS)
		return ask_simply(device, fd, question, &value, sizeof(value), argument, sizeof(long));
	if (device->kind == CHIP && code == GPIO_V2_GET_LINE_IOCTL)
		return request_lines(device, fd, argument);
	if (!size) /* the argument is a number */
		return ask_simply(device, fd, question, &value, sizeof(value), NULL, 0);
	return ask_simply(device, fd, question, argument, size, argument, _IOC_DIR(code) & _IOC_READ ? size : 0);
}

int ioctl(int fd, unsigned long code, ...)
{
	struct device *device = get(fd);
	va_list arguments;
	void *argument;
	int result;
	NEXT(int, ioctl, int, unsigned long, ...);

	va_start(arguments, code);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	code = (unsigned int)code; /* some callers sign-extend it */
	/* 'T' is what every descriptor understands: close-on-exec, non-blocking, is it a terminal. */
	if (!device || _IOC_TYPE(code) == 'T')
		result = next_ioctl(fd, code, argument);
	else
		result = device_ioctl(device, fd, code, argument);
	if (device)
		put(device);
	return result;
}
