#!/bin/sh
# Runs a command in a network namespace of its own: loopback, and two addresses that swallow what is sent to them.
# The suites test connect time-outs against 240.0.0.0 (urllib3) and 10.255.255.1 (requests); here these tests need no
# internet and send nothing out of the machine. All else is unreachable, name servers too.
set -e
ip link set lo up
ip link add tarpit type veth peer name tarpit-end
ip link set tarpit-end up
ip address add 198.51.100.1/30 dev tarpit
ip link set tarpit up
# A neighbour that nobody is: packets leave, nothing answers.
ip neighbour add 198.51.100.2 lladdr 02:00:00:00:00:02 dev tarpit
ip route add 240.0.0.0/32 via 198.51.100.2
ip route add 10.255.255.1/32 via 198.51.100.2
exec "$@"
