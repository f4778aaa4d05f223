import { BlockList, isIP } from "node:net";

/**
 * Addresses that a receiver on the internet cannot have: IANA's special-purpose registries, and the ranges that carry
 * an IPv4 address inside of an IPv6 one.
 * https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const refused = {
  ipv4: [
    "0.0.0.0/8", // this network
    "10.0.0.0/8", // private
    "100.64.0.0/10", // carrier-grade NAT
    "127.0.0.0/8", // loopback
    "169.254.0.0/16", // link-local, with the metadata service
    "172.16.0.0/12", // private
    "192.0.0.0/24", // protocol assignments
    "192.0.2.0/24", // documentation
    "192.88.99.0/24", // 6to4 relays
    "192.168.0.0/16", // private
    "198.18.0.0/15", // benchmarking
    "198.51.100.0/24", // documentation
    "203.0.113.0/24", // documentation
    "224.0.0.0/4", // multicast
    "240.0.0.0/4", // reserved, with broadcast
  ],
  // Only 2000::/3 is given out, so all else is refused as a whole; within it:
  ipv6: [
    "2001::/23", // protocol assignments, with Teredo
    "2001:db8::/32", // documentation
    "2002::/16", // 6to4
    "3fff::/20", // documentation
  ],
} as const;

const listOf = (family: "ipv4" | "ipv6", subnets: readonly string[]): BlockList => {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = "", bits = ""] = subnet.split("/");
    list.addSubnet(network, Number(bits), family);
  }
  return list;
};

const refusedV4 = listOf("ipv4", refused.ipv4);
const refusedV6 = listOf("ipv6", refused.ipv6);
const globalV6 = listOf("ipv6", ["2000::/3"]);

/** Whether an address, without brackets or zone, is one of the public internet. */
export const isPublicAddress = (address: string): boolean => {
  const version = isIP(address);
  if (version === 4) return !refusedV4.check(address, "ipv4");
  return version === 6 && globalV6.check(address, "ipv6") && !refusedV6.check(address, "ipv6");
};
