"""TUN devices: network interfaces whose packets a program reads and writes (Linux, networking/tuntap.rst)."""

import fcntl
import os
import socket
import struct

# linux/if_tun.h: packets of the network layer, with nothing in front of them.
TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
# linux/sockios.h and linux/if.h.
SIOCSIFFLAGS = 0x8914
SIOCSIFADDR = 0x8916
SIOCSIFDSTADDR = 0x8918
IFF_UP = 0x1
# sizeof(struct ifreq) on 64-bit Linux.
REQUEST_SIZE = 40


def open_tun(name: str, address: str, peer: str) -> int:
    """A descriptor of a new point-to-point interface in this thread's network, up, from `address` to `peer` (IPv4).

    Each read gives one packet, each write takes one; reads do not block. The interface lives as long as the
    descriptor. OSError without the right to make one, or without /dev/net/tun.
    """
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(device, TUNSETIFF, _request(name, struct.pack("H", IFF_TUN | IFF_NO_PI)))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, SIOCSIFADDR, _request(name, _socket_address(address)))
            fcntl.ioctl(any_socket, SIOCSIFDSTADDR, _request(name, _socket_address(peer)))
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, _request(name, struct.pack("H", IFF_UP)))
    except BaseException:
        os.close(device)
        raise
    return device


def _request(name: str, value: bytes) -> bytes:
    """A `struct ifreq`."""
    return struct.pack("16s", name.encode()) + value.ljust(REQUEST_SIZE - 16, b"\0")


def _socket_address(address: str) -> bytes:
    """A `struct sockaddr_in`."""
    return struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton(address))
