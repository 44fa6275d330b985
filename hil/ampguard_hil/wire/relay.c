// SPDX-License-Identifier: Apache-2.0
/*
 * The socket of a simulated board, where the board is on another machine: `relay PORT SOCKET`.
 *
 * In an emulated guest this listens at SOCKET, as the board's own server does, and passes what its clients ask through
 * PORT (a character device of virtio-serial; or, where there is no guest, the Unix socket of the other end) to relay.py
 * beside the board. Clients and their sandboxes see nothing of it. The protocol between clients and board is that of
 * ampguard_drivers/simulated/protocol.py, of which this knows one thing: an answer may hand over two descriptors, a
 * stream of events and a socket for packets. The other end keeps the board's, this makes a pair of its own.
 *
 * Through the port go frames: what it is, which channel, length of what follows. A channel is a client's connection or one
 * of two descriptors; no number is used twice. Bytes before a frame that are zero are none.
 *
 * Guest and port start again while frames are on their way. So each end is put right by the guest: it says zeros, longer
 * than any frame that was cut off, and HELLO with a number of chance; and hears nothing until that number comes back.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "frames are little-endian");

#define LONGEST_PACKET (1 << 17)
#define MARK 16
#define MOST_CHANNELS 256
#define RETRY_MS 100

enum kind { HELLO = 1, WELCOME, OPEN, PACKET, LINES, CLOSE };

struct frame {
	uint32_t kind, channel, length;
};

#define LONGEST_FRAME (sizeof(struct frame) + LONGEST_PACKET)

struct channel {
	uint32_t number; /* 0 = this place is free */
	int fd;
};

static struct channel channels[MOST_CHANNELS];
static uint32_t last_number;
static int port = -1, listener = -1, ready;
static bool welcome;
static uint8_t mark[MARK], heard[2 * LONGEST_FRAME], packet[LONGEST_PACKET];
static size_t heard_length;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void watch(int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(ready, EPOLL_CTL_ADD, fd, &event))
		fail("epoll_ctl");
}

/* ---------------------------------------------------------------- channels */

static struct channel *found(uint32_t number)
{
	for (int i = 0; i < MOST_CHANNELS; i++)
		if (channels[i].number == number)
			return &channels[i];
	return NULL;
}

static struct channel *of_descriptor(int fd)
{
	for (int i = 0; i < MOST_CHANNELS; i++)
		if (channels[i].number && channels[i].fd == fd)
			return &channels[i];
	return NULL;
}

/* Takes the descriptor, which it closes where there is no place for one more. */
static bool add(uint32_t number, int fd)
{
	struct channel *channel = found(0);

	if (!channel) {
		close(fd);
		return false;
	}
	*channel = (struct channel){ number, fd };
	watch(fd);
	return true;
}

static void drop(struct channel *channel)
{
	close(channel->fd);
	channel->number = 0;
}

static void drop_all(void)
{
	for (int i = 0; i < MOST_CHANNELS; i++)
		if (channels[i].number)
			drop(&channels[i]);
}

/* ---------------------------------------------------------------- the port */

static void lose_port(void)
{
	if (port >= 0)
		close(port);
	port = -1;
	welcome = false;
	drop_all();
}

/* The port does not wait by itself: where it does, the kernel spins until the emulator has taken the bytes. */
static void say_bytes(const void *bytes, size_t length)
{
	struct pollfd waiting = { .fd = port, .events = POLLOUT };

	while (length && port >= 0) {
		ssize_t said = write(port, bytes, length);

		if (said > 0) {
			bytes = (const uint8_t *)bytes + said;
			length -= (size_t)said;
		} else if (said < 0 && (errno == EAGAIN || errno == EINTR)) {
			poll(&waiting, 1, -1);
			if (waiting.revents & (POLLHUP | POLLERR))
				lose_port();
		} else {
			lose_port();
		}
	}
}

static void say(enum kind kind, uint32_t channel, const void *payload, size_t length)
{
	static uint8_t whole[LONGEST_FRAME];
	struct frame frame = { kind, channel, (uint32_t)length };

	memcpy(whole, &frame, sizeof(frame));
	if (length)
		memcpy(whole + sizeof(frame), payload, length);
	say_bytes(whole, sizeof(frame) + length);
}

static int connected(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd >= 0 && (connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
			fcntl(fd, F_SETFL, O_NONBLOCK))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Open the port and begin anew, if somebody is at its other end. */
static void find_port(const char *path)
{
	static const uint8_t zeros[LONGEST_FRAME];
	struct pollfd look = { .events = POLLIN };
	struct stat status;

	if (stat(path, &status))
		return;
	port = S_ISSOCK(status.st_mode) ? connected(path) : open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	look.fd = port;
	if (port < 0)
		return;
	if (poll(&look, 1, 0) < 0 || look.revents & POLLHUP) {
		lose_port();
		return;
	}
	if (getrandom(mark, sizeof(mark), 0) != sizeof(mark))
		fail("getrandom");
	heard_length = 0;
	watch(port);
	say_bytes(zeros, sizeof(zeros));
	say(HELLO, 0, mark, sizeof(mark));
}

/* ---------------------------------------------------------------- clients */

static void listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s.part", path);
	unlink(address.sun_path);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* whoever may be at the place may ask: rights are those of the folder; and whoever finds it is listened to */
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    chmod(address.sun_path, 0666) || listen(listener, 128) || rename(address.sun_path, path))
		fail(path);
	watch(listener);
}

static void admit(void)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (!welcome)
		close(fd); /* as by a board that died */
	else if (add(++last_number, fd))
		say(OPEN, last_number, NULL, 0);
}

static void serve(struct channel *channel)
{
	uint32_t number = channel->number;
	ssize_t length = recv(channel->fd, packet, sizeof(packet), MSG_DONTWAIT);

	if (length > 0) {
		say(PACKET, number, packet, (size_t)length);
	} else if (!length || (errno != EAGAIN && errno != EINTR)) {
		drop(channel);
		say(CLOSE, number, NULL, 0);
	}
}

/* ---------------------------------------------------------------- what comes from the board */

/* An answer with descriptors: their channels' numbers stand before it. Somebody who does not take it is dropped. */
static bool hand_over(struct channel *channel, const uint8_t *payload, size_t length)
{
	int events[2], control[2];
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} rights = { .head = { CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec answer = { (void *)(payload + 8), length - 8 };
	struct msghdr message = {
		.msg_iov = &answer, .msg_iovlen = 1, .msg_control = &rights, .msg_controllen = sizeof(rights.space)
	};
	uint32_t numbers[2];
	bool taken;

	memcpy(numbers, payload, sizeof(numbers));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, events) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control))
		fail("socketpair");
	memcpy(CMSG_DATA(&rights.head), (int[]){ events[1], control[1] }, 2 * sizeof(int));
	taken = sendmsg(channel->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
	close(events[1]);
	close(control[1]);
	/* also where nobody took them: their end is told as that of any */
	if (!add(numbers[0], events[0]))
		say(CLOSE, numbers[0], NULL, 0);
	if (!add(numbers[1], control[0]))
		say(CLOSE, numbers[1], NULL, 0);
	return taken;
}

/* Events that nobody reads are dropped, as the kernel does. */
static bool pass_on(struct channel *channel, const uint8_t *payload, size_t length)
{
	return send(channel->fd, payload, length, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 || errno == EAGAIN;
}

static void take(struct frame frame, const uint8_t *payload)
{
	struct channel *channel = frame.channel ? found(frame.channel) : NULL;
	bool well = true;

	if (!channel)
		return; /* it went meanwhile, which the other end has been told */
	if (frame.kind == PACKET)
		well = pass_on(channel, payload, frame.length);
	else if (frame.kind == LINES && frame.length >= 8)
		well = hand_over(channel, payload, frame.length);
	else if (frame.kind == CLOSE)
		drop(channel);
	if (!well) {
		drop(channel);
		say(CLOSE, frame.channel, NULL, 0);
	}
}

static void forget_heard(size_t length)
{
	heard_length -= length;
	memmove(heard, heard + length, heard_length);
}

/* Whether our own number has come back: what came before was meant for somebody else. */
static bool welcomed(void)
{
	uint8_t *found_mark = memmem(heard, heard_length, mark, MARK);

	if (found_mark) {
		forget_heard((size_t)(found_mark - heard) + MARK);
		welcome = true;
	} else if (heard_length > MARK) {
		forget_heard(heard_length - MARK);
	}
	return welcome;
}

static void hear(const char *path)
{
	ssize_t length = read(port, heard + heard_length, sizeof(heard) - heard_length);
	size_t at = 0;

	if (length <= 0) {
		if (!length || (errno != EAGAIN && errno != EINTR))
			lose_port();
		return;
	}
	heard_length += (size_t)length;
	if (!welcome && !welcomed())
		return;
	if (listener < 0)
		listen_at(path);
	while (welcome && heard_length - at >= sizeof(struct frame)) {
		struct frame frame;

		memcpy(&frame, heard + at, sizeof(frame));
		if (frame.length > LONGEST_PACKET) {
			lose_port();
			return;
		}
		if (heard_length - at < sizeof(frame) + frame.length)
			break;
		take(frame, heard + at + sizeof(frame));
		at += sizeof(frame) + frame.length;
	}
	forget_heard(at);
}

int main(int count, char **arguments)
{
	struct epoll_event event;

	if (count != 3) {
		fprintf(stderr, "usage: relay PORT SOCKET\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN); /* of a port that is a socket */
	ready = epoll_create1(EPOLL_CLOEXEC);
	if (ready < 0)
		fail("epoll_create1");
	for (;;) {
		struct channel *channel;

		if (port < 0)
			find_port(arguments[1]);
		/* one at a time: what was ready may be gone after the one before */
		if (epoll_wait(ready, &event, 1, port < 0 ? RETRY_MS : -1) <= 0)
			continue;
		if (event.data.fd == listener)
			admit();
		else if (event.data.fd == port)
			hear(arguments[2]);
		else if ((channel = of_descriptor(event.data.fd)))
			serve(channel);
	}
}
