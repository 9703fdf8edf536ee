// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** A key pair of the unit tests, which signs nothing else: making one takes half a second. */

#define RSA_PRIVATE_PEM                                                      \
	"-----BEGIN PRIVATE KEY-----\n"                                      \
	"MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCzdxgsOdl57Ft2\n" \
	"Iw6QX54C13Zani0x5sI0HVbkIjAL3qq7tujkaP/pRHB7Wg08gZvzMd53pDQJYDBg\n" \
	"dd83OgwTKYrZYJGj5jTnV6cB+q5vzECEYKMxfX2NRENclrGiiifPexPf/jtDCOzf\n" \
	"6rCsQLUgJzu29tr8a7ABUGTHQJzinBDbIcPXupjjTynHnfbBPn4zloVJiYeCNTHB\n" \
	"Ta0PikETQPOdzR9SePqtsf6PbuD85ykHIkjaj73KfeWk+iMx2Bn34Kts5CLsBitu\n" \
	"EAIsKSWmxAm+7dMpyNomTmBykIsoZplXZ2rTrnqGDLNdireZTlvV8BfxB2C2yqxD\n" \
	"ZPRmbqojAgMBAAECggEAB5q/Snh1D6aFRZ88qb9zeZlZqYNUVO37QqwPl4EfWhFo\n" \
	"WKXqfms4lNDSl1d8ghjX29k8HQO3NMJ/qka0W6m5A0LaYFWoNjK2ASuEpx/RLmmQ\n" \
	"Pku9/oXbwRWoaQ71nfaOs0r6z539Mtz49JAERnhDdIZVEG6rXtDNV3DppEvHmg6C\n" \
	"pyyAB2T+B2bK84m9hqQz082ixJ8gG+8JhmoVDYReb0BAS8phxk7FvvE+zr4dSNNR\n" \
	"Omif9609SwbarBZAuIMZCHMxycZ3T6hI3sLKFcy9BduftSEblRhtyk3wri3HURwc\n" \
	"N8pobtbytrg6jN1tJog2YgKm42L+eKPNnfuOs43y+QKBgQDqkYLcZohIA9IgXG5Q\n" \
	"n2/vDcSKJuIQH8NsU3nZRliDN/45yvuQLgVJFii37K54kbKXW1gvBUo1lay0si/P\n" \
	"ttqePk4QAB6sW+JSZIuqy8TaIG3MVfhvA8lZdsl5fFa+fK9Jc6bSt3kwjgull+V3\n" \
	"geSN3Iw12UTZfaWwVB73MdHB1wKBgQDD3LwzUiDC9nWJhscyT72Nw7EcNNMYVeTG\n" \
	"3MNgCZfjUaf81rhXHz00+6adMweSpToYYTmE1UCmJGT+KNFxL5lRuteh4XSEGl0j\n" \
	"hOSY9WFchi9gpdF3Hrbe7JItqElVTOjguQM5UgJxjA9RVesgMvGCi6+TuzdXOmjm\n" \
	"wG1KFALolQKBgDhapybOV1V93YC61CH4fArhsuNB/jPDfc7Lq02A8gjsbd5ynsd/\n" \
	"1vM9KKEvcqcy0cY9Qs1hJvgCspBi8sujcZhs/ZIohTYBiTkkQM3S0MNa4SYjTWFW\n" \
	"doxQ1oyiS7DOAcrSxzR+sdXxemjZOl7gzQksAF97iGf8IM9hFmNrC6rXAoGBAKLI\n" \
	"4e5xkuMXPecYipRpK+0YOSptSQlP0j3pm8RFFOUMp+b/euSGBTP096xtjhy2kItU\n" \
	"ux6Isxui4gFPYYuF+RKxjKhxnopw8vojaG8sekgRCm10Q5ySfYDX9EJYPOLVcjPb\n" \
	"8S8B1yASPWTnWO1BCfLrL/lDv6IS3L70LaFE8onlAoGBAIS6IrGhCA20Ku42qdYz\n" \
	"LMIsXVSrajEDjZUZoN0J/5sqzljVNoNj1B/bCJmZy/AFiS1BaeendZjzA72C6dB+\n" \
	"HR8jLncPPatzxaauw0c5Cxv9cmRoMJ/samEQ0xjV7tUStIPOyQ6rEPhF3u/1CbdX\n" \
	"0wvnLTYI/6oCzc5l+gm6aQky\n"                                         \
	"-----END PRIVATE KEY-----\n"

#define RSA_PUBLIC_PEM                                                       \
	"-----BEGIN PUBLIC KEY-----\n"                                       \
	"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAs3cYLDnZeexbdiMOkF+e\n" \
	"Atd2Wp4tMebCNB1W5CIwC96qu7bo5Gj/6URwe1oNPIGb8zHed6Q0CWAwYHXfNzoM\n" \
	"EymK2WCRo+Y051enAfqub8xAhGCjMX19jURDXJaxooonz3sT3/47Qwjs3+qwrEC1\n" \
	"ICc7tvba/GuwAVBkx0Cc4pwQ2yHD17qY408px532wT5+M5aFSYmHgjUxwU2tD4pB\n" \
	"E0Dznc0fUnj6rbH+j27g/OcpByJI2o+9yn3lpPojMdgZ9+CrbOQi7AYrbhACLCkl\n" \
	"psQJvu3TKcjaJk5gcpCLKGaZV2dq0656hgyzXYq3mU5b1fAX8QdgtsqsQ2T0Zm6q\n" \
	"IwIDAQAB\n"                                                         \
	"-----END PUBLIC KEY-----\n"
