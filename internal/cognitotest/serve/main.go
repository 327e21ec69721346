// Command serve runs a cognitotest server in a process of its own.
package main

func main() {}
