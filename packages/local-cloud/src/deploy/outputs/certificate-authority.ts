/** A certificate without a key: the embedded cluster speaks HTTP, and clients that read the authority need one that parses. */
export const certificateAuthority = `-----BEGIN CERTIFICATE-----
MIIBSDCB+6ADAgECAhQlr8ZCAGvlK8sNyEmKJTAlzY7YVTAFBgMrZXAwGTEXMBUG
A1UEAwwOZW1iZWRkZWQtY2xvdWQwIBcNMjYxMTIxMDczMzUwWhgPMjEyNjEwMjgw
NzMzNTBaMBkxFzAVBgNVBAMMDmVtYmVkZGVkLWNsb3VkMCowBQYDK2VwAyEAjUeW
oVEksegVqjdNxeSUhnlDBcmaQRPFPRNQCl97H4ijUzBRMB0GA1UdDgQWBBQNzhXq
htYm/hRSinuQDf8sTHON4zAfBgNVHSMEGDAWgBQNzhXqhtYm/hRSinuQDf8sTHON
4zAPBgNVHRMBAf8EBTADAQH/MAUGAytlcANBAIuXp/xbXmqthx/kr8WfN5Q7fliu
0qaWTVwNrDnoegsk3ixIpI1RZNUplqmPm5cHi9Z1wLdotIfBqIsczTHQXgY=
-----END CERTIFICATE-----
`;
