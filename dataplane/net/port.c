// SPDX-License-Identifier: BSD-3-Clause
#include "port.h"

#include "lane.h"
#include "plain.h"

#include <joingate/wire.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	FRAME_OVERHEAD = 14 + 4 * JG_FRAME_TAGS_MAX,
	DESCRIPTORS = 512,
	POOL_CACHE = 128,
	MTU_DEFAULT = 1500,
	AF_PACKET_FRAME = 32768, // the kernel defragments IPv4: a whole request must fit
	AF_PACKET_FRAMES = 256, // of each direction and queue
	AF_XDP_MBUFS = 8192, // fewer, and the fill ring starves
	AF_XDP_MTU_MAX = 3542,
	MBUFS_SPARE = 256, // answers and fragments on their way
};

static unsigned workers_of(const struct jg_gate_options *options)
{
	return options->workers > 0 ? options->workers : 1;
}

static unsigned mtu_of(const struct jg_config_port *config)
{
	return config->mtu > 0 ? (unsigned)config->mtu : MTU_DEFAULT;
}

static bool is_pci(const char *device)
{
	unsigned domain;
	unsigned bus;
	unsigned slot;
	unsigned function;

	return sscanf(device, "%x:%x:%x.%u", &domain, &bus, &slot, &function) == 4 ||
		sscanf(device, "%x:%x.%u", &bus, &slot, &function) == 3;
}

static enum jg_port_driver driver_of(const struct jg_config_port *config)
{
	if (config->driver != JG_PORT_AUTO)
		return config->driver;
	return is_pci(config->device.p) ? JG_PORT_PCI : JG_PORT_AF_PACKET;
}

static bool is_vdev(const struct jg_config_port *config)
{
	return config->driver == JG_PORT_AUTO && strncmp(config->device.p, "net_", 4) == 0;
}

static unsigned framesz_of(const struct jg_config_port *config)
{
	return config->framesz > 0 ? (unsigned)config->framesz : AF_PACKET_FRAME;
}

static unsigned room_of(const struct jg_config_port *config)
{
	unsigned frame = mtu_of(config) + FRAME_OVERHEAD;

	if (driver_of(config) == JG_PORT_AF_PACKET)
		frame = framesz_of(config);
	return RTE_PKTMBUF_HEADROOM + RTE_MAX(frame, (unsigned)RTE_MBUF_DEFAULT_DATAROOM);
}

static unsigned descriptors_of(const struct jg_config_port *config)
{
	return config->descriptors > 0 ? (unsigned)config->descriptors : DESCRIPTORS;
}

static unsigned mbufs_of(const struct jg_gate_options *options, const struct jg_config_port *config)
{
	unsigned workers = workers_of(options);
	// AF_PACKET copies to and from rings of its own and keeps no mbufs.
	unsigned rings = driver_of(config) == JG_PORT_AF_PACKET ? 0 : 2 * descriptors_of(config);
	unsigned n = workers * (rings + JG_LANE_JOBS + 2 * JG_BURST_MAX + POOL_CACHE + MBUFS_SPARE);

	if (config->mbufs > 0)
		n = (unsigned)config->mbufs;
	else if (driver_of(config) == JG_PORT_AF_XDP)
		n = RTE_MAX(n, (unsigned)AF_XDP_MBUFS * workers);
	return n;
}

size_t jg_port_memory(const struct jg_gate_options *options)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < options->ports_n; i++)
		bytes += (size_t)mbufs_of(options, &options->ports[i]) *
			(room_of(&options->ports[i]) + sizeof(struct rte_mbuf) + 128);
	return bytes;
}

static int no_right(const char *device, struct jg_error *err)
{
	jg_error_set(err,
		"port %s: opening a network interface for raw packets needs CAP_NET_RAW: run as "
		"root, or `setcap cap_net_raw,cap_net_admin+ep` joingated",
		device);
	return -EPERM;
}

// What a kernel interface must be before a driver is put on it.
static int check_interface(const struct jg_config_port *config, struct jg_error *err)
{
	const char *device = config->device.p;
	struct ifreq request = {.ifr_flags = 0};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0)
		return no_right(device, err);
	snprintf(request.ifr_name, IFNAMSIZ, "%s", device);
	int result = 0;
	if (strlen(device) >= IFNAMSIZ || ioctl(fd, SIOCGIFFLAGS, &request) != 0) {
		jg_error_set(err,
			"port %s: there is no network interface of this name here; `ip link` lists "
			"those there are",
			device);
		result = -ENODEV;
	} else if ((request.ifr_flags & IFF_UP) == 0) {
		jg_error_set(
			err, "port %s: the interface is down; `ip link set %s up`", device, device);
		result = -ENETDOWN;
	} else if (ioctl(fd, SIOCGIFMTU, &request) == 0 && request.ifr_mtu < (int)mtu_of(config)) {
		jg_error_set(err,
			"port %s: mtu is %u, but the interface's own is %d: set one of them",
			device, mtu_of(config), request.ifr_mtu);
		result = -EINVAL;
	}
	close(fd);
	return result;
}

static int probe(struct jg_port *port, const char *name, const char *args)
{
	int result = rte_eal_hotplug_add("vdev", name, args != NULL ? args : "");

	if (result != 0)
		return result;
	port->owned = true;
	return rte_eth_dev_get_port_by_name(name, &port->id);
}

static int make_af_packet(struct jg_port *port, unsigned index,
	const struct jg_gate_options *options, struct jg_error *err)
{
	const struct jg_config_port *config = &options->ports[index];
	unsigned framesz = framesz_of(config);
	unsigned frames =
		config->descriptors > 0 ? (unsigned)config->descriptors : AF_PACKET_FRAMES;
	char name[32];
	char args[1400];
	int result = check_interface(config, err);

	if (result != 0)
		return result;
	snprintf(name, sizeof(name), "net_af_packet%u", index);
	// Without CAP_IPC_LOCK the kernel's rings count against RLIMIT_MEMLOCK: try smaller ones.
	for (; frames >= 16; frames /= 2) {
		snprintf(args, sizeof(args),
			"iface=%s,qpairs=%u,blocksz=%u,framesz=%u,framecnt=%u%s%s",
			config->device.p, workers_of(options), RTE_MAX(framesz, 65536U), framesz,
			frames, config->args.p != NULL ? "," : "",
			config->args.p != NULL ? config->args.p : "");
		result = probe(port, name, args);
		if (result == 0)
			return 0;
	}
	struct rlimit limit = {.rlim_cur = 0};
	getrlimit(RLIMIT_MEMLOCK, &limit);
	jg_error_set(err,
		"port %s: net_af_packet did not start on it: %s. Its rings may be too large for "
		"this "
		"user's memory lock limit (%lu kB): `ulimit -l unlimited`, or set a smaller "
		"framesz; "
		"arguments were %s",
		config->device.p, rte_strerror(-result), (unsigned long)(limit.rlim_cur / 1024),
		args);
	return result;
}

static int make_af_xdp(struct jg_port *port, unsigned index, const struct jg_gate_options *options,
	struct jg_error *err)
{
	const struct jg_config_port *config = &options->ports[index];
	char name[32];
	char args[1400];
	int result = check_interface(config, err);

	if (result != 0)
		return result;
	if (mtu_of(config) >= AF_XDP_MTU_MAX) {
		jg_error_set(err, "port %s: mtu is %u; AF_XDP takes less than %u", config->device.p,
			mtu_of(config), AF_XDP_MTU_MAX);
		return -EINVAL;
	}
	snprintf(name, sizeof(name), "net_af_xdp%u", index);
	snprintf(args, sizeof(args), "iface=%s,start_queue=0,queue_count=%u%s%s", config->device.p,
		workers_of(options), config->args.p != NULL ? "," : "",
		config->args.p != NULL ? config->args.p : "");
	result = probe(port, name, args);
	if (result != 0)
		jg_error_set(err,
			"port %s: net_af_xdp did not start on it: %s. It needs CAP_NET_ADMIN and "
			"CAP_BPF, as many combined channels as workers (`ethtool -l %s`), and on "
			"veth "
			"args force_copy=1; or use driver af_packet",
			config->device.p, rte_strerror(-result), config->device.p);
	return result;
}

static int make_tap(struct jg_port *port, unsigned index, const struct jg_gate_options *options,
	struct jg_error *err)
{
	const struct jg_config_port *config = &options->ports[index];
	char name[32];
	char args[1400];

	if (access("/dev/net/tun", R_OK | W_OK) != 0) {
		jg_error_set(err,
			"port %s: /dev/net/tun cannot be opened: `modprobe tun`, and run as root "
			"or with "
			"CAP_NET_ADMIN",
			config->device.p);
		return -EPERM;
	}
	snprintf(name, sizeof(name), "net_tap%u", index);
	snprintf(args, sizeof(args), "iface=%s%s%s", config->device.p,
		config->args.p != NULL ? "," : "", config->args.p != NULL ? config->args.p : "");
	int result = probe(port, name, args);
	if (result != 0)
		jg_error_set(err,
			"port %s: the TAP interface could not be made: %s. It needs CAP_NET_ADMIN, "
			"and no "
			"other process may hold an interface of this name",
			config->device.p, rte_strerror(-result));
	return result;
}

static int make_vdev(struct jg_port *port, const char *name, const struct jg_config_port *config,
	struct jg_error *err)
{
	int result = probe(port, name, config->args.p);

	if (result == -EEXIST)
		jg_error_set(err, "port %s: a device of this name is in use already", name);
	else if (result != 0)
		jg_error_set(err, "port %s: DPDK could not make this device: %s; arguments were %s",
			name, rte_strerror(-result),
			config->args.p != NULL ? config->args.p : "none");
	return result;
}

static int make_pci(struct jg_port *port, const struct jg_config_port *config, struct jg_error *err)
{
	const char *device = config->device.p;

	if (rte_eth_dev_get_port_by_name(device, &port->id) == 0 ||
		(rte_dev_probe(device) == 0 &&
			rte_eth_dev_get_port_by_name(device, &port->id) == 0))
		return 0;
	jg_error_set(err,
		"port %s: no DPDK driver took this PCI device. Bind it to vfio-pci "
		"(`dpdk-devbind.py -b "
		"vfio-pci %s`; mlx5 stays with its kernel driver), close any other program that "
		"has "
		"it, and check that the IOMMU is on",
		device, device);
	return -ENODEV;
}

static int make_device(struct jg_port *port, unsigned index, const struct jg_gate_options *options,
	struct jg_error *err)
{
	const struct jg_config_port *config = &options->ports[index];
	char name[64];

	if (is_vdev(config))
		return make_vdev(port, config->device.p, config, err);
	switch (driver_of(config)) {
	case JG_PORT_AF_PACKET:
		return make_af_packet(port, index, options, err);
	case JG_PORT_AF_XDP:
		return make_af_xdp(port, index, options, err);
	case JG_PORT_TAP:
		return make_tap(port, index, options, err);
	case JG_PORT_PCI:
		return make_pci(port, config, err);
	case JG_PORT_MEMIF:
		snprintf(name, sizeof(name), "net_memif%u", index);
		return make_vdev(port, name, config, err);
	default:
		if (rte_eth_dev_get_port_by_name(config->device.p, &port->id) == 0)
			return 0;
		snprintf(name, sizeof(name), "net_ring_%s", config->device.p);
		return make_vdev(port, name, config, err);
	}
}

// Our addresses; with any IPv6 address also the link-local one that belongs to the MAC (RFC 4291
// appendix A), since hosts ask for it.
static void fill_interface(struct jg_interface *interface, const struct jg_config_port *config,
	const struct jg_gate_options *options)
{
	for (unsigned i = 0; i < config->addresses_n && i < JG_ADDRESSES_MAX - 1; i++) {
		const struct jg_address *address = &config->addresses[i];

		if (address->family == 4)
			memcpy(interface->v4[interface->v4_n++], address->bytes, 4);
		else
			memcpy(interface->v6[interface->v6_n++], address->bytes, 16);
	}
	if (interface->v6_n > 0) {
		const uint8_t *mac = interface->mac;
		const uint8_t local[16] = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, mac[0] ^ 2, mac[1], mac[2],
			0xff, 0xfe, mac[3], mac[4], mac[5]};

		memcpy(interface->v6[interface->v6_n++], local, 16);
	}
	interface->mtu = (uint16_t)mtu_of(config);
	interface->udp_port = options->udp_port > 0 ? options->udp_port : JG_WIRE_PORT;
	enum jg_port_driver driver = driver_of(config);
	interface->unfinished_checksums =
		driver == JG_PORT_AF_PACKET || driver == JG_PORT_AF_XDP || driver == JG_PORT_TAP;
	jg_plain_prepare(interface);
}

static struct rte_eth_conf choose_offloads(struct jg_port *port, const struct rte_eth_dev_info *dev)
{
	uint64_t rx = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	struct rte_eth_conf conf = {.rxmode.mtu = port->interface.mtu};

	conf.rxmode.offloads = dev->rx_offload_capa & rx;
	if (dev->tx_offload_capa & RTE_ETH_TX_OFFLOAD_UDP_CKSUM) {
		conf.txmode.offloads = RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
		port->tx_offloads = RTE_MBUF_F_TX_UDP_CKSUM;
	}
	if (port->queues > 1 && dev->flow_type_rss_offloads != 0) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf =
			dev->flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP);
	}
	// net_af_packet and others take the MTU from their interface alone.
	if (conf.rxmode.mtu > dev->max_mtu || conf.rxmode.mtu < dev->min_mtu)
		conf.rxmode.mtu = 0;
	return conf;
}

static int set_up_queues(struct jg_port *port, const struct jg_config_port *config)
{
	uint16_t rx = (uint16_t)descriptors_of(config);
	uint16_t tx = rx;
	int socket = rte_eth_dev_socket_id(port->id);
	int result = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx, &tx);

	for (uint16_t q = 0; result == 0 && q < port->queues; q++)
		result =
			rte_eth_rx_queue_setup(port->id, q, rx, (unsigned)socket, NULL, port->pool);
	for (uint16_t q = 0; result == 0 && q < port->queues; q++)
		result = rte_eth_tx_queue_setup(port->id, q, tx, (unsigned)socket, NULL);
	return result;
}

static int configure(struct jg_port *port, unsigned index, const struct jg_gate_options *options,
	struct jg_error *err)
{
	const struct jg_config_port *config = &options->ports[index];
	struct rte_eth_dev_info dev;
	struct rte_ether_addr mac;
	char name[32];

	if (rte_eth_dev_info_get(port->id, &dev) != 0 || rte_eth_macaddr_get(port->id, &mac) != 0) {
		jg_error_set(err, "port %s: the device does not say what it is", port->device);
		return -EIO;
	}
	if (port->queues > dev.max_rx_queues || port->queues > dev.max_tx_queues) {
		jg_error_set(err, "port %s: workers is %u, but the device has %u queues",
			port->device, port->queues, RTE_MIN(dev.max_rx_queues, dev.max_tx_queues));
		return -EINVAL;
	}
	memcpy(port->interface.mac, mac.addr_bytes, 6);
	enum jg_port_driver driver = driver_of(config);
	port->kernel_link = driver == JG_PORT_AF_PACKET || driver == JG_PORT_AF_XDP;
	fill_interface(&port->interface, config, options);
	snprintf(name, sizeof(name), "jg_mbufs_%u", index);
	port->pool = rte_pktmbuf_pool_create(name, mbufs_of(options, config), POOL_CACHE, 0,
		(uint16_t)room_of(config), rte_eth_dev_socket_id(port->id));
	if (port->pool == NULL) {
		jg_error_set(err,
			"port %s: no memory for %u packet buffers of %u bytes: %s; set mbufs "
			"lower, "
			"or give EAL more memory (-m in eal_extra)",
			port->device, mbufs_of(options, config), room_of(config),
			rte_strerror(rte_errno));
		return -ENOMEM;
	}
	struct rte_eth_conf conf = choose_offloads(port, &dev);
	int result = rte_eth_dev_configure(port->id, port->queues, port->queues, &conf);
	if (result == 0)
		result = set_up_queues(port, config);
	if (result == 0)
		result = rte_eth_dev_start(port->id);
	if (result != 0)
		jg_error_set(err,
			"port %s: %u queues of %u descriptors and mtu %u could not be started: %s",
			port->device, port->queues, descriptors_of(config), mtu_of(config),
			rte_strerror(-result));
	return result;
}

int jg_port_start(struct jg_port *port, unsigned index, const struct jg_gate_options *options,
	struct jg_error *err)
{
	const struct jg_config_port *config = &options->ports[index];

	*port = (struct jg_port){.id = RTE_MAX_ETHPORTS, .queues = (uint16_t)workers_of(options)};
	snprintf(port->device, sizeof(port->device), "%s", config->device.p);
	int result = make_device(port, index, options, err);
	if (result == 0)
		result = configure(port, index, options, err);
	if (result != 0)
		return result;
	port->started = true;
	// Neighbour discovery comes to multicast addresses. Ports that lack this mode pass all.
	rte_eth_allmulticast_enable(port->id);
	return 0;
}

void jg_port_stop(struct jg_port *port)
{
	if (port->started)
		rte_eth_dev_stop(port->id);
	if (port->owned && port->id != RTE_MAX_ETHPORTS)
		rte_eth_dev_close(port->id);
	rte_mempool_free(port->pool);
	*port = (struct jg_port){.id = RTE_MAX_ETHPORTS};
}

// Up, and with a carrier. One that is gone is not up.
static bool kernel_link_up(const char *device)
{
	struct ifreq request = {.ifr_flags = 0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const int wanted = IFF_UP | IFF_RUNNING;

	memcpy(request.ifr_name, device, strnlen(device, IFNAMSIZ - 1));
	bool up = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0 &&
		(request.ifr_flags & wanted) == wanted;
	if (fd >= 0)
		close(fd);
	return up;
}

int jg_port_read(const struct jg_port *port, struct jg_port_stats *stats)
{
	struct rte_eth_stats counted;
	struct rte_eth_link link = {.link_status = 0};
	struct rte_eth_dev_info dev;
	int result = rte_eth_stats_get(port->id, &counted);

	if (result == 0)
		result = rte_eth_dev_info_get(port->id, &dev);
	if (result != 0)
		return result;
	rte_eth_link_get_nowait(port->id, &link);
	*stats = (struct jg_port_stats){
		.link_up = port->kernel_link ? kernel_link_up(port->device)
					     : link.link_status == RTE_ETH_LINK_UP,
		.checksum_offload = port->tx_offloads != 0,
		.mtu = port->interface.mtu,
		.queues = port->queues,
		.mbufs = port->pool->size,
		.mbufs_free = rte_mempool_avail_count(port->pool),
		.rx_packets = counted.ipackets,
		.tx_packets = counted.opackets,
		.rx_bytes = counted.ibytes,
		.tx_bytes = counted.obytes,
		.rx_missed = counted.imissed,
		.rx_errors = counted.ierrors,
		.tx_errors = counted.oerrors,
		.rx_no_mbuf = counted.rx_nombuf,
	};
	memcpy(stats->device, port->device, sizeof(stats->device));
	snprintf(stats->driver, sizeof(stats->driver), "%s", dev.driver_name);
	memcpy(stats->mac, port->interface.mac, sizeof(stats->mac));
	return 0;
}
