name         = "EU Customers, 2024"
user_pool_id = "us-east-1_AbCdEf123"
